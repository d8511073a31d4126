import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { texts } from "../texts";

/** Says that something is still being read. */
export function Loading() {
  return <p aria-busy="true">{texts.common.loading}</p>;
}

/**
 * Waits with its children for the first answer of each query that they show, so that nothing moves under the pointer afterwards.
 *
 * Once there, they stay: a query that has failed is read again later, and nobody may lose what they have typed by that.
 */
export function Together({ queries, children }: { queries: { isLoading: boolean }[]; children: ComponentChildren }) {
  const isReady = useRef(false);
  isReady.current ||= !queries.some(({ isLoading }) => isLoading);
  return isReady.current ? <>{children}</> : <Loading />;
}
