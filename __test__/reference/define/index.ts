import { api } from './worker.js';

const product: number = await api({ name: 'multiply', params: [6, 7] });
const later: number = await api({ name: 'multiplyLater', params: [2, 4] });
const quotient: number = await api({ name: 'divide', params: [9, 3] });

console.log(product, later, quotient);
