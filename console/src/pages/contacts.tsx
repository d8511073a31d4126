import { useQuery } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { useCan } from "../api/queries";
import { formatNumber } from "../format";
import { oneOf, pageOf, useParameters, type Parameters } from "../parts/address";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { QueryResult } from "../parts/query_result";
import { texts } from "../texts";
import { DeleteContacts } from "./contact/delete_contacts";
import { ContactsTable } from "./contacts/contacts_table";
import type { Selection, Sorting } from "./contacts/contacts_table";
import { ExportButtons } from "./contacts/export_buttons";
import { listContacts } from "./contacts/list_contacts";

const PAGE_SIZE = 25;

interface View extends Sorting {
  keywords: string;
  page: number;
}

function viewOf({ keywords = "", page, sortBy, sortOrder }: Parameters): View {
  return {
    keywords,
    page: pageOf(page),
    sortBy: oneOf(["name", "isOptedOut"], sortBy) ?? "createTime",
    sortOrder: oneOf(["asc"], sortOrder) ?? "desc",
  };
}

/** The contacts of the site: search, sort, select, export, delete. */
export function ContactsPage() {
  const [parameters, show] = useParameters();
  const view = viewOf(parameters);
  const [selected, setSelected] = useState<Selection>(new Map());
  const [deleting, setDeleting] = useState(false);
  const contacts = useContacts(view);
  const canWrite = useCan()("contact:write");

  function showAfterDeletion(): void {
    setDeleting(false);
    setSelected(new Map());
    show({ page: undefined });
  }

  // What a search no longer shows must not be deleted by mistake.
  function search(keywords: string): void {
    setSelected(new Map());
    show({ keywords, page: undefined });
  }

  return (
    <Page title={texts.contacts.title} actions={canWrite && <Actions />}>
      <Search keywords={view.keywords} onSearch={search} />
      <QueryResult query={contacts}>
        {(list) => (
          <>
            <div class="actions selection">
              <span>{texts.contacts.found(formatNumber(list.total))}</span>
              {selected.size > 0 && <strong>{texts.contacts.selected(formatNumber(selected.size))}</strong>}
              {selected.size > 0 && (
                <button type="button" class="secondary outline" onClick={() => setSelected(new Map())}>{texts.contacts.clearSelection}</button>
              )}
              {selected.size > 0 && canWrite && (
                <button type="button" class="secondary" onClick={() => setDeleting(true)}>{texts.contacts.deleteSelected}</button>
              )}
            </div>
            {list.total === 0 ? (
              <p>{view.keywords ? texts.contacts.nobodyFound : texts.contacts.nobody}</p>
            ) : (
              <ContactsTable contacts={list.contacts} sorting={view} selected={selected} onSort={(sorting) => show({ ...sorting, page: undefined })} onSelect={setSelected} />
            )}
            <Pager page={view.page} size={PAGE_SIZE} total={list.total} onPage={show} />
            {list.total > 0 && <ExportButtons keywords={view.keywords} found={list.total} selected={selected} />}
          </>
        )}
      </QueryResult>
      {deleting && <DeleteContacts contacts={selected} onDeleted={showAfterDeletion} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function Actions() {
  return (
    <>
      <Link class="button" href="/contacts/new">{texts.contacts.add}</Link>
      <Link class="button secondary" href="/imports/new">{texts.contacts.import}</Link>
    </>
  );
}

function useContacts({ keywords, page, sortBy, sortOrder }: View) {
  const query = { ...(keywords && { keywords }), pageIndex: page, pageSize: PAGE_SIZE, sortBy, sortOrder };
  return useQuery({
    queryKey: ["contacts", query],
    queryFn: ({ signal }) => listContacts(query, signal),
    // The rows of another search would be selected for this one.
    placeholderData: (before, last) => ((last?.queryKey[1] as typeof query | undefined)?.keywords === query.keywords ? before : undefined),
  });
}

function Search({ keywords, onSearch }: { keywords: string; onSearch: (keywords: string) => void }) {
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    onSearch(String(new FormData(event.currentTarget as HTMLFormElement).get("keywords")).trim());
  }
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <label>
          {texts.contacts.searchLabel}
          <input key={keywords} type="search" name="keywords" defaultValue={keywords} autocomplete="off" maxLength={2_000} />
        </label>
        <button>{texts.contacts.searchSubmit}</button>
        {keywords && <button type="button" class="secondary outline" onClick={() => onSearch("")}>{texts.contacts.searchClear}</button>}
      </form>
    </search>
  );
}
