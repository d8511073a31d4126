/** What pages share about reading: retries, polling, and the objects that several pages read. */
import { QueryClient, useQuery } from "@tanstack/preact-query";
import { api, read } from "./client";
import { ApiError } from "./errors";

const MOST_RETRIES = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => error instanceof ApiError && error.isTemporary && failures < MOST_RETRIES,
      staleTime: 2_000,
      networkMode: "always",
      refetchOnReconnect: true,
    },
    // Otherwise, what a person did without a connection would wait for one, and a send would start when nobody expects it any more.
    mutations: { retry: false, networkMode: "always" },
  },
});

/** For `refetchInterval`. Polling stops while the tab is hidden. */
export const POLL_MILLISECONDS = 2_000;
export const SLOW_POLL_MILLISECONDS = 15_000;
/** Lists may lag behind a write by this (docs/api.md, "Lists"). */
const LIST_LAG_MILLISECONDS = 2_000;
const RARELY = { staleTime: 5 * 60_000 };

export function useSite() {
  return useQuery({ queryKey: ["site"], queryFn: () => read(api.GET("/site")), ...RARELY });
}

export function useFields() {
  return useQuery({ queryKey: ["fields"], queryFn: () => read(api.GET("/contact/fields")), ...RARELY });
}

export function useChannelAccounts() {
  return useQuery({
    queryKey: ["channelAccounts"],
    // All of them: a site has few.
    queryFn: () => read(api.GET("/outreach/channelAccounts", { params: { query: { pageSize: 0 } } })),
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
}

/** Reads a list again after a write: at once, and when the write is certain to be in it. */
export function refreshList(name: string): void {
  const refresh = () => void queryClient.invalidateQueries({ queryKey: [name] });
  refresh();
  setTimeout(refresh, LIST_LAG_MILLISECONDS);
}

/** Whether the key may do what needs a scope. A key without scopes may do everything. */
export function useCan(): (scope: Scope) => boolean {
  const scopes = useSite().data?.scopes ?? null;
  return (scope) => scopes !== null && (scopes.length === 0 || scopes.includes(scope));
}

/** docs/api.md, "Sites and API keys". */
export type Scope =
  | "contact:read"
  | "contact:write"
  | "outreach:read"
  | "outreach:write"
  | "outreach:send"
  | "ticketing:read";
