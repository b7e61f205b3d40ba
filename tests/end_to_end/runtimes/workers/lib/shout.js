// A module beside the Worker's own.
export const shout = (text) => `${text.toUpperCase()}!`;
