import { useEffect, useState } from "preact/hooks";
import { onSessionChange } from "../api/session";

const views = new Map<string, unknown>();
// What one key has searched for is not for the next one.
onSessionChange(() => views.clear());

/** A state that is still there when the reader comes back to the page, such as the page of a list. It is not in the URL, because it may hold personal data. */
export function useViewState<T>(name: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>((views.get(name) as T | undefined) ?? initial);
  useEffect(() => void views.set(name, value), [name, value]);
  return [value, setValue];
}
