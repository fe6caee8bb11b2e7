// A CommonJS file: by `import()` with every compiler, by `import` where that may become a `require` of an ES module.
export async function defineTasks() {
  const { define } = await import('nanolith');
  return define({ double: (value: number) => value * 2 });
}

export const doubled: Promise<number> = defineTasks().then((api) => api({ name: 'double', params: [21] }));
