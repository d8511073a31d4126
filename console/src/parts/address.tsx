/**
 * The address of a page: its path, and the parameters of what it shows.
 *
 * A page keeps there what a person expects to find again after a reload, with the back button and by a bookmark: the page of a list, a
 * filter, what is open. What a person has typed may be personal data. It is kept with the entry of the history and not in the URL, so it
 * is there after a reload and with the back button, but in no bookmark and no list of visited pages.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { useHashLocation } from "wouter-preact/use-hash-location";
import { onSessionChange, sessionId } from "../api/session";

export type Parameters = Record<string, string | undefined>;

interface State {
  session: string | null;
  typed: Parameters;
}

const TYPED = ["keywords", "number"];
// Where a list was when the reader left it, by path.
const left = new Map<string, { to: string; state: unknown }>();
onSessionChange(() => left.clear());

/** Opens an address. Without its own `navigate`, the router would put parameters before the `#`, and so send them to the server. */
export function navigate(to: string, { replace = false, state = null }: { replace?: boolean; state?: unknown } = {}): void {
  const oldURL = location.href;
  history[replace ? "replaceState" : "pushState"](state, "", `#${to}`);
  dispatchEvent(new HashChangeEvent("hashchange", { oldURL, newURL: location.href }));
}

/** The path alone, for the router. */
export const usePath = Object.assign((): [string, typeof navigate] => [useHashLocation()[0].split("?")[0]!, navigate], { hrefs: (href: string) => `#${href}` });

/** The parameters of the page, and the function that changes some of them. The back button takes a change back. */
export function useParameters(): [Parameters, (changes: Parameters) => void] {
  const [, render] = useState({});
  const hash = useRef("");
  hash.current = location.hash;
  useEffect(() => {
    const onHash = () => render({});
    // Between two entries that differ in what was typed alone, the hash does not change.
    const onBack = () => location.hash === hash.current && render({});
    addEventListener("hashchange", onHash);
    addEventListener("popstate", onBack);
    return () => {
      removeEventListener("hashchange", onHash);
      removeEventListener("popstate", onBack);
    };
  }, []);
  useEffect(() => void left.set(currentPath(), { to: location.hash.slice(1), state: history.state }));
  return [current(), change];
}

/** The number of a page of a list, from 1. */
export function pageOf(parameter: string | undefined): number {
  return /^[1-9]\d{0,5}$/.test(parameter ?? "") ? Number(parameter) : 1;
}

/** One of the values that a parameter may have. */
export function oneOf<T extends string>(values: readonly T[], parameter: string | undefined): T | undefined {
  return values.find((value) => value === parameter);
}

/** A link back to a list, as it was when the reader left it. */
export function BackLink({ href, text }: { href: string; text: string }) {
  const { to, state } = left.get(href) ?? { to: href, state: null };
  return <p><Link href={to} state={state}>← {text}</Link></p>;
}

function currentPath(): string {
  return location.hash.slice(1).split("?")[0]!;
}

function current(): Parameters {
  const state = history.state as State | null;
  const query = new URLSearchParams(location.hash.split("?")[1]);
  // What one key has searched for is not for the next one.
  return { ...Object.fromEntries(query), ...(state?.session === sessionId() && state?.typed) };
}

function change(changes: Parameters): void {
  const entries = Object.entries({ ...current(), ...changes }).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const isTyped = ([name]: [string, string]) => TYPED.includes(name);
  const query = new URLSearchParams(entries.filter((entry) => !isTyped(entry))).toString();
  const state: State = { session: sessionId(), typed: Object.fromEntries(entries.filter(isTyped)) };
  navigate(currentPath() + (query && `?${query}`), { state });
}
