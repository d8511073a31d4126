/** What is read about one contact: the contact, and its messages and replies in one thread. */
import { useQuery } from "@tanstack/preact-query";
import { api, read, type Schemas } from "./client";
import { ApiError } from "./errors";
import { useCan } from "./queries";

export type Entry =
  | { kind: "message"; id: string; time: string; message: Schemas["Message"] }
  | { kind: "reply"; id: string; time: string; reply: Schemas["Reply"] };

/** Whether an entry is a test of a campaign. It was rendered for the contact, and went to somebody else. */
export function isTest(entry: Entry): boolean {
  return entry.kind === "message" && entry.message.isTest === true;
}

interface Lists {
  messages: { total: number; messages: Schemas["Message"][] };
  replies: { total: number; replies: Schemas["Reply"][] };
}

const THREAD_POLL_MILLISECONDS = 4_000;
const FEW = 5 * 60_000;

/** Reads a contact, if the key may. `data` is null for a contact that was deleted. */
export function useContact(id: string) {
  const can = useCan();
  return useQuery({
    queryKey: ["contact", id],
    queryFn: () => read(api.GET("/contact/contacts/{id}", { params: { path: { id } } })).catch(nullIfNotFound),
    enabled: can("contact:read"),
    // Joining old and new data would lose the value of a field that is called `__proto__`.
    structuralSharing: false,
    staleTime: FEW,
  });
}

/** Reads the newest `size` messages and replies of a contact. */
export function useConversation(contactId: string, size: number) {
  return useQuery({
    queryKey: ["conversation", contactId, size],
    queryFn: async () => mergeLists(await readLists(contactId, size), size),
    refetchInterval: THREAD_POLL_MILLISECONDS,
    placeholderData: (before, query) => (query?.queryKey[1] === contactId ? before : undefined),
  });
}

/** Whether a number has opted out; undefined when this is not known. */
export function useOptedOut(number: string | undefined): boolean | undefined {
  const can = useCan();
  const query = useQuery({
    queryKey: ["optOut", number],
    queryFn: () => read(api.GET("/contact/optOuts", { params: { query: { number: number! } } })),
    enabled: number !== undefined && can("contact:read"),
    refetchInterval: THREAD_POLL_MILLISECONDS * 4,
  });
  return query.data && "total" in query.data ? query.data.total > 0 : undefined;
}

async function readLists(contactId: string, pageSize: number): Promise<Lists> {
  const query = { contactId, pageSize, sortOrder: "desc" as const };
  const [messages, replies] = await Promise.all([
    read(api.GET("/outreach/messages", { params: { query } })),
    read(api.GET("/outreach/replies", { params: { query } })),
  ]);
  return { messages: messages as Lists["messages"], replies: replies as Lists["replies"] };
}

/** Joins both lists by time, oldest first. Where one list is cut, older entries of the other would show a gap; they wait. */
function mergeLists({ messages, replies }: Lists, size: number): { entries: Entry[]; hasEarlier: boolean } {
  const ours = messages.messages.map((message): Entry => ({ kind: "message", id: message.id, time: message.sentTime, message }));
  const theirs = replies.replies.map((reply): Entry => ({ kind: "reply", id: reply.id, time: reply.receivedTime, reply }));
  const horizons = [horizon(ours, messages.total), horizon(theirs, replies.total)];
  const from = horizons.reduce((a, b) => (a > b ? a : b));
  const entries = [...ours, ...theirs].filter((entry) => entry.time >= from).sort((a, b) => (a.time < b.time ? -1 : 1));
  return { entries: entries.slice(-2 * size), hasEarlier: entries.length < messages.total + replies.total };
}

/** The time of the oldest entry of a list that is cut; before all times for a whole list. */
function horizon(newestFirst: Entry[], total: number): string {
  return newestFirst.length < total ? (newestFirst.at(-1)?.time ?? "") : "";
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}
