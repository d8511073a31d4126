import { useState } from "preact/hooks";
import { onSessionChange } from "../api/session";

const views = new Map<string, unknown>();
// What one key has chosen is not for the next one.
onSessionChange(() => views.clear());

/**
 * A state that is still there when the reader comes back to the page, for what the address cannot hold, such as a file. It ends with a
 * reload. The function that changes it works after the reader has left the page, too.
 */
export function useViewState<T>(name: string, initial: T): [T, (changes: Partial<T>) => void] {
  const [value, setValue] = useState<T>((views.get(name) as T | undefined) ?? initial);
  const change = (changes: Partial<T>) => {
    const changed = { ...((views.get(name) as T | undefined) ?? initial), ...changes };
    views.set(name, changed);
    setValue(changed);
  };
  return [value, change];
}
