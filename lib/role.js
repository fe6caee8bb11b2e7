// Whether this thread has become a service.

let service = false;

export function becomeService() {
  service = true;
}

export function isService() {
  return service;
}
