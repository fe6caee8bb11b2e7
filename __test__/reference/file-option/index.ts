import { api, file } from './worker.js';

console.log(api.file === file, (await api({ name: 'whereAmI' })) === file);
