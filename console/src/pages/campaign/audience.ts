import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/queries";
import { isComplete, type CompleteDraft, type Draft } from "./draft";
import { useDebounced } from "./use_debounced";

export interface Audience {
  /** How many contacts match; `undefined` while nobody knows. */
  total: number | undefined;
  /** One of them, as an example. */
  example: Schemas["Contact"] | undefined;
  error: unknown;
  isCounting: boolean;
}

/** Counts the contacts that a draft's conditions select, soon after a person has changed them. */
export function useAudience(draft: Draft): Audience {
  const present = isComplete(draft) ? JSON.stringify(queryOf(draft)) : null;
  const filter = useDebounced(present);
  const query = useQuery({
    queryKey: ["audience", filter],
    queryFn: ({ signal }) =>
      // The client waits for a list that is not ready, so this is never its status.
      read(api.POST("/contact/contacts:query", { body: { ...(JSON.parse(filter ?? "{}") as Schemas["QueryBody"]), pageSize: 1 }, signal })) as Promise<
        Schemas["ContactList"]
      >,
    enabled: useCan()("contact:read") && filter !== null,
    placeholderData: keepPreviousData,
  });
  // A count of other conditions would mislead.
  const isPresent = present !== null && present === filter && !query.isPlaceholderData;
  return {
    total: isPresent && !query.error ? query.data?.total : undefined,
    example: query.data?.contacts[0],
    error: isPresent ? query.error : null,
    isCounting: present !== null && (present !== filter || query.isFetching),
  };
}

function queryOf(draft: CompleteDraft): Schemas["QueryBody"] {
  return {
    filterConditionMetType: draft.contactFilterConditionMetType,
    filterLogicalExpresssion: draft.contactFilterLogicalExpresssion,
    filterConditions: draft.contactFilterConditions,
  };
}
