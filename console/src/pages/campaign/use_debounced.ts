import { useEffect, useState } from "preact/hooks";

/** A value after it has stayed the same for a while, so that typing does not ask the API for each letter. */
export function useDebounced<T>(value: T, milliseconds = 500): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
