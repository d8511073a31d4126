/** The API key of this tab. It is in `sessionStorage` only, so it ends with the tab. */

const NAME = "outreach.apiKey";
const SESSION = "outreach.session";
const REFUSED = "outreach.refused";
const listeners = new Set<() => void>();

export function apiKey(): string | null {
  return sessionStorage.getItem(NAME);
}

/** What tells this session from those before it in the same tab. */
export function sessionId(): string | null {
  return sessionStorage.getItem(SESSION);
}

export function signIn(key: string): void {
  sessionStorage.removeItem(REFUSED);
  sessionStorage.setItem(NAME, key);
  sessionStorage.setItem(SESSION, String(Date.now()));
  notify();
}

/** Ends the session, because the API no longer knows the key. */
export function refuseKey(): void {
  sessionStorage.setItem(REFUSED, "yes");
  signOut();
}

/** Whether the API ended the last session of this tab. The reason stays when the page is loaded again. */
export function wasRefused(): boolean {
  return sessionStorage.getItem(REFUSED) !== null;
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
