// A reporter for Node's test runner that writes how many tests ran (suites and files, which only group them, and
// skipped tests are not counted).

export default async function* count(/** @type {AsyncIterable<any>} */ events) {
  let executed = 0;
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const groups = data.details?.type === 'suite' || data.name === data.file || /\.test\.[cm]?js$/.test(data.name);
    if (!groups && !data.skip) executed++;
  }
  yield `${executed}\n`;
}
