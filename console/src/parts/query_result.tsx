import type { ComponentChildren } from "preact";
import { ApiError } from "../api/errors";
import { Loading } from "./loading";
import { Problem } from "./problem";

interface Query<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/**
 * What a query has read; before that, that it loads, or why it failed. Old data stays visible beside a new error, unless it is gone.
 */
export function QueryResult<T>({ query, children }: { query: Query<T>; children: (data: T) => ComponentChildren }) {
  const isGone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <>
      <Problem error={query.error} retry={() => void query.refetch()} />
      {query.data !== undefined && !isGone ? children(query.data) : !query.error && <Loading />}
    </>
  );
}
