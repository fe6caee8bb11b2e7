export function launchHere() {}
