import { useMutation } from "@tanstack/preact-query";
import { api, read } from "../../api/client";
import { ApiError } from "../../api/errors";
import { formatNumber } from "../../format";
import { announce } from "../../parts/announcer";
import { saveFile } from "../../api/download";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import type { Selection } from "./contacts_table";
import { listContacts } from "./list_contacts";

/** Saves contacts as a file: all of them, those that the search found, or the selected ones. */
export function ExportButtons({ keywords, found, selected }: { keywords: string; found: number; selected: Selection }) {
  const download = useMutation({
    mutationFn: async (ids: () => Promise<string[]>) => saveFile(await exportContacts(await ids()), texts.contacts.exportName),
    onMutate: () => announce(texts.contacts.exporting),
    onSuccess: () => announce(texts.contacts.exported),
    onError: () => announce(""),
  });
  const button = (text: string, ids: () => Promise<string[]>) => (
    <button type="button" class="secondary outline" disabled={download.isPending} onClick={() => download.mutate(ids)}>{text}</button>
  );
  return (
    <>
      <div class="actions">
        {selected.size > 0 && button(texts.contacts.exportSelected, () => Promise.resolve([...selected.keys()]))}
        {keywords && button(texts.contacts.exportFound(formatNumber(found)), () => foundIds(keywords))}
        {button(texts.contacts.exportAll, () => Promise.resolve([]))}
      </div>
      <Problem error={download.error} />
    </>
  );
}

/** An export takes ids or a filter, and a filter has no keywords. So the ids are read first. */
async function foundIds(keywords: string): Promise<string[]> {
  const list = await listContacts({ keywords, pageSize: 0 });
  // Without ids, the export would have all contacts.
  if (list.contacts.length === 0) throw new ApiError(404, "not_found", texts.contacts.nobodyFound);
  return list.contacts.map((contact) => contact.id);
}

function exportContacts(selected: string[]): Promise<Blob> {
  const timeZoneId = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return read(api.POST("/contact/contacts:export", { body: { selected, timeZoneId }, parseAs: "blob" })) as Promise<Blob>;
}
