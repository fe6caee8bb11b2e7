import { define } from 'nanolith';

const add = (left: number, right: number): number => left + right;

export const fresh = define({ add });

export const warm = define({ add }, { isolate: false, identifier: 'warm' });
