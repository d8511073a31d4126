/** What the start page reads. */
import { useQuery } from "@tanstack/preact-query";
import { api, read, type Schemas } from "../../api/client";
import { POLL_MILLISECONDS, SLOW_POLL_MILLISECONDS, useCan } from "../../api/queries";
import { scheduledTime } from "../../send_state";

type Records = Schemas["Record"][];

export const DAYS = 7;
const ACTIVE = ["running", "pending", "paused"] as const;
const MOST_ACTIVE = 20;
const PAGE = 100;
// The sends of a week, and the schedules, that are read at most: a bound for what this page may ask of the server.
export const MOST_RECENT = 1_000;
const NEVER_MIND = 5 * 60_000;

/** Sends that are not over: those that run, then those that select contacts, then those that are paused. */
export function useActiveSends() {
  return useQuery({
    queryKey: ["activeSends"],
    queryFn: async () => (await Promise.all(ACTIVE.map((status) => readRecords({ status, pageSize: MOST_ACTIVE })))).flatMap(({ records }) => records),
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => status !== "paused") ? POLL_MILLISECONDS * 2 : SLOW_POLL_MILLISECONDS),
  });
}

/** The sends that began in the last week, newest first; 1,000 at most. */
export function useRecentSends() {
  return useQuery({ queryKey: ["recentSends"], queryFn: () => readSince(firstDay()), refetchInterval: SLOW_POLL_MILLISECONDS * 2 });
}

/** Campaigns that will start by themselves, the next one first. */
export function useScheduled() {
  return useQuery({
    queryKey: ["scheduled"],
    queryFn: readScheduled,
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
}

/** Campaigns whose scheduled start was given up. */
export function useGivenUp() {
  return useQuery({
    queryKey: ["givenUp"],
    queryFn: async () => (await readCampaigns("scheduleStatusReason")).filter(({ scheduleStatusReason }) => scheduleStatusReason !== null),
    refetchInterval: SLOW_POLL_MILLISECONDS * 2,
  });
}

/** The quotas as they are now; other pages read them seldom. */
export function useQuotas(): Schemas["Quotas"] | undefined {
  return useQuery({ queryKey: ["site"], queryFn: () => read(api.GET("/site")), staleTime: 0, refetchInterval: SLOW_POLL_MILLISECONDS * 2 }).data?.quotas;
}

/** Whether the site has neither campaigns nor contacts. Not known to a key that may not read one of them. */
export function useIsEmptySite() {
  const can = useCan();
  const query = { pageSize: 1 };
  return useQuery({
    queryKey: ["isEmptySite"],
    queryFn: async () => {
      const [campaigns, contacts] = await Promise.all([
        read(api.GET("/outreach/campaigns", { params: { query } })) as Promise<Schemas["CampaignList"]>,
        read(api.GET("/contact/contacts", { params: { query } })) as Promise<Schemas["ContactList"]>,
      ]);
      return campaigns.total + contacts.total === 0;
    },
    enabled: can("contact:read") && can("outreach:read"),
    // What has begun stays begun, but an empty site may get its first contact elsewhere, such as by a reply.
    staleTime: ({ state }) => (state.data === false ? NEVER_MIND : 0),
  });
}

/** Midnight at which the first of the days begins, in the reader's time zone. */
export function firstDay(): Date {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - (DAYS - 1));
  return day;
}

async function readSince(first: Date): Promise<Records> {
  const found: Records = [];
  for (let pageIndex = 1; found.length < MOST_RECENT; pageIndex++) {
    const { records } = await readRecords({ pageIndex, pageSize: PAGE });
    found.push(...records.filter(({ sentTime }) => new Date(sentTime) >= first));
    if (records.length < PAGE || new Date(records.at(-1)!.sentTime) < first) break;
  }
  return found;
}

function readRecords(query: { status?: (typeof ACTIVE)[number]; pageIndex?: number; pageSize: number }): Promise<Schemas["RecordList"]> {
  return read(api.GET("/outreach/campaignRecords", { params: { query } })) as Promise<Schemas["RecordList"]>;
}

/** The list has the latest time first, so the next ones may be on a later page. */
async function readScheduled(): Promise<Schemas["Campaign"][]> {
  const found: Schemas["Campaign"][] = [];
  for (let pageIndex = 1; found.length < MOST_RECENT; pageIndex++) {
    const campaigns = await readCampaigns("scheduledStartTime", pageIndex);
    found.push(...campaigns.filter(scheduledTime));
    if (campaigns.length < PAGE || !scheduledTime(campaigns.at(-1)!)) break;
  }
  return found.reverse();
}

async function readCampaigns(sortBy: "scheduledStartTime" | "scheduleStatusReason", pageIndex = 1): Promise<Schemas["Campaign"][]> {
  const query = { sortBy, sortOrder: "desc" as const, pageIndex, pageSize: PAGE };
  return ((await read(api.GET("/outreach/campaigns", { params: { query } }))) as Schemas["CampaignList"]).campaigns;
}
