// The entry of every nanolith thread. CommonJS, because a Worker with an ESM entry dies of an inherited --input-type.
'use strict';

import('./main.js');
