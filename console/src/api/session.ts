/** The API key of this tab. It is in `sessionStorage` only, so it ends with the tab. */

const NAME = "outreach.apiKey";
const SESSION = "outreach.session";
const listeners = new Set<() => void>();
let isRefused = false;

export function apiKey(): string | null {
  return sessionStorage.getItem(NAME);
}

/** What tells this session from those before it in the same tab. */
export function sessionId(): string | null {
  return sessionStorage.getItem(SESSION);
}

export function signIn(key: string): void {
  isRefused = false;
  sessionStorage.setItem(NAME, key);
  sessionStorage.setItem(SESSION, String(Date.now()));
  notify();
}

/** Ends the session, because the API no longer knows the key. */
export function refuseKey(): void {
  isRefused = true;
  signOut();
}

/** Whether the API ended the last session of this tab. */
export function wasRefused(): boolean {
  return isRefused;
}

export function signOut(): void {
  sessionStorage.removeItem(NAME);
  sessionStorage.removeItem(SESSION);
  notify();
}

/** Calls `listener` after each sign-in and sign-out; returns the function that ends this. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify(): void {
  for (const listener of listeners) listener();
}
