// Where CommonJS cannot require an ES module, it can import one; the definitions are in an ES module then.
import('./tasks.js').then(async ({ tasks }) => console.log(await tasks({ name: 'add', params: [2, 3] })));
