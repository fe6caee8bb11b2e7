export function launch() {
  throw new Error('next');
}
