import { define } from 'nanolith';

enum Result {
  Sum = 5,
}

export const api = await define({ add: () => Result.Sum });
