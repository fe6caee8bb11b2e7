import { define } from 'nanolith';

interface Pair {
  left: number;
  right: number;
}

const add = ({ left, right }: Pair): number => left + right;

export const fresh = await define({ add });

export const warm = await define({ add }, { isolate: false, identifier: 'warm' });
