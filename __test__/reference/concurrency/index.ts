import { ConcurrencyOption, pool } from 'nanolith';

const cores = pool.maxConcurrency;

for (const option of [
  ConcurrencyOption.Quarter,
  ConcurrencyOption.Half,
  ConcurrencyOption.Default,
  ConcurrencyOption.x1,
  ConcurrencyOption.x2,
  ConcurrencyOption.x4,
  ConcurrencyOption.x6,
  ConcurrencyOption.x8,
  ConcurrencyOption.x10,
]) {
  pool.setConcurrency(option);
  const perCore = { Quarter: 0.25, Half: 0.5, x1: 1, x2: 2, x4: 4, x6: 6, x8: 8, x10: 10 }[option];
  console.log(option, pool.maxConcurrency === Math.max(1, Math.round(cores * perCore)));
}
