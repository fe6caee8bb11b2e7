// What Node does not strip from TypeScript.
import { define } from 'nanolith';

const api = await define({ add: () => 0 }, { file: new URL('./enum.ts', import.meta.url) });
try {
  console.log(await api({ name: 'add' }));
} catch (error) {
  console.log(error.code, error.cause.code, error.message);
}
