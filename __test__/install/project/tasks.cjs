const { define } = require('nanolith');

exports.tasks = define({ add: (a, b) => a + b });
