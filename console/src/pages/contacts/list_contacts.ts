import { api, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import type { paths } from "../../api/schema";

type Query = NonNullable<paths["/contact/contacts"]["get"]["parameters"]["query"]>;

/** Reads one page of contacts. The client has waited for a list that takes longer, so the answer is always a list. */
export function listContacts(query: Query, signal?: AbortSignal): Promise<Schemas["ContactList"]> {
  return read(api.GET("/contact/contacts", { params: { query }, signal })) as Promise<Schemas["ContactList"]>;
}
