// Contestants that keep threads: `open(threads)` resolves with `call(name, args)` and `close()`.
//
// Each peer is set up as its own documentation does for a fixed number of threads.

const worker = (file) => new URL(`../workers/${file}`, import.meta.url);
const path = (file) => decodeURIComponent(worker(file).pathname);

export const nanolithWarm = {
  name: 'nanolith',
  async open(threads) {
    const [{ pool }, { warm }] = await Promise.all([import('../../dist/index.js'), import('../workers/nanolith.js')]);
    pool.setConcurrency(threads);
    return { call: (name, args) => warm({ name, params: args }), close() {} };
  },
};

export const piscina = {
  name: 'piscina',
  async open(threads) {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: worker('by-export.js').href, minThreads: threads, maxThreads: threads });
    return { call: (name, args) => pool.run(args, { name }), close: () => pool.destroy() };
  },
};

export const piscinaConcurrent = {
  name: 'piscina, 16 tasks a thread',
  async open(threads) {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({
      filename: worker('by-export.js').href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 16,
    });
    return { call: (name, args) => pool.run(args, { name }), close: () => pool.destroy() };
  },
};

export const tinypool = {
  name: 'tinypool',
  async open(threads) {
    const { Tinypool } = await import('tinypool');
    const pool = new Tinypool({ filename: worker('by-export.js').href, minThreads: threads, maxThreads: threads });
    return { call: (name, args) => pool.run(args, { name }), close: () => pool.destroy() };
  },
};

export const workerpool = {
  name: 'workerpool',
  async open(threads) {
    const { default: workerpool } = await import('workerpool');
    const pool = workerpool.pool(path('workerpool.js'), {
      minWorkers: threads,
      maxWorkers: threads,
      workerType: 'thread',
    });
    return { call: (name, args) => pool.exec(name, args), close: () => pool.terminate() };
  },
};

export const poolifier = {
  name: 'poolifier, fixed',
  async open(threads) {
    const { FixedThreadPool } = await import('poolifier');
    const pool = new FixedThreadPool(threads, path('poolifier.js'), { errorHandler: console.error });
    return { call: (name, args) => pool.execute(args, name), close: () => pool.destroy() };
  },
};

export const poolifierDynamic = {
  name: 'poolifier, dynamic',
  async open(threads) {
    const { DynamicThreadPool } = await import('poolifier');
    const least = Math.max(1, Math.floor(threads / 2));
    const most = Math.max(least + 1, threads);
    const pool = new DynamicThreadPool(least, most, path('poolifier.js'), { errorHandler: console.error });
    return { call: (name, args) => pool.execute(args, name), close: () => pool.destroy() };
  },
};
