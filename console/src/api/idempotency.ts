import { useRef } from "preact/hooks";

/**
 * An `Idempotency-Key` for what a page creates or sends: the same for each attempt with the same `thing`, until one succeeds.
 *
 * A second click, or another attempt after a lost answer, then does nothing twice (docs/api.md, "JSON and HTTP").
 */
export function useIdempotencyKey(): { headers: (thing: unknown) => Record<string, string>; renew: () => void } {
  const key = useRef(crypto.randomUUID());
  const last = useRef<string>();
  const renew = () => {
    key.current = crypto.randomUUID();
  };
  return {
    headers: (thing) => {
      const text = JSON.stringify(thing);
      if (last.current !== text) renew();
      last.current = text;
      return { "Idempotency-Key": key.current };
    },
    renew,
  };
}
