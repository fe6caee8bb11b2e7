// An empty module, which a spare imports so that Node's loader has run before the user's file needs it.

export {};
