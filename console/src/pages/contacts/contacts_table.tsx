import { Link } from "wouter-preact";
import type { Schemas } from "../../api/client";
import { formatNumber, formatTime } from "../../format";
import { Isolated } from "../../parts/isolated";
import { OptedOutMark } from "../../parts/opted_out_mark";
import { Table } from "../../parts/table";
import { texts } from "../../texts";
import { identityValues } from "../contact/identities";

type Contact = Schemas["Contact"];

/** The names of the selected contacts by id. The selection spans pages. */
export type Selection = ReadonlyMap<string, string>;

export interface Sorting {
  sortBy: "name" | "isOptedOut" | "createTime";
  sortOrder: "asc" | "desc";
}

interface Properties {
  contacts: Contact[];
  sorting: Sorting;
  selected: Selection;
  onSort: (sorting: Sorting) => void;
  onSelect: (selected: Selection) => void;
}

/** One page of contacts. The headings of sortable columns are buttons. */
export function ContactsTable({ contacts, sorting, selected, onSort, onSelect }: Properties) {
  const isPageSelected = contacts.length > 0 && contacts.every((contact) => selected.has(contact.id));
  const select = (changed: Contact[], isSelected: boolean) => onSelect(changedSelection(selected, changed, isSelected));
  return (
    <Table label={texts.contacts.title} stacks>
      <thead>
        <tr>
          <th scope="col">
            <input type="checkbox" aria-label={texts.contacts.selectPage} checked={isPageSelected} onChange={() => select(contacts, !isPageSelected)} />
          </th>
          <SortHeading name="name" text={texts.contacts.name} sorting={sorting} onSort={onSort} />
          <th scope="col">{texts.contacts.number}</th>
          <th scope="col">{texts.contacts.email}</th>
          <SortHeading name="isOptedOut" text={texts.contacts.optOut} sorting={sorting} onSort={onSort} />
          <SortHeading name="createTime" text={texts.contacts.created} sorting={sorting} onSort={onSort} />
        </tr>
      </thead>
      <tbody>
        {contacts.map((contact) => (
          <ContactRow key={contact.id} contact={contact} isSelected={selected.has(contact.id)} onSelect={(isSelected) => select([contact], isSelected)} />
        ))}
      </tbody>
    </Table>
  );
}

function ContactRow({ contact, isSelected, onSelect }: { contact: Contact; isSelected: boolean; onSelect: (isSelected: boolean) => void }) {
  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={texts.contacts.select(contact.name)} checked={isSelected} onChange={() => onSelect(!isSelected)} />
      </td>
      <th scope="row" class="long-text">
        <Link href={`/contacts/${contact.id}`}><Isolated text={contact.name} /></Link>
      </th>
      <td class="number"><FirstValue values={identityValues(contact, "SMS")} /></td>
      <td class="long-text"><FirstValue values={identityValues(contact, "email")} /></td>
      <td>{contact.isOptedOut && <OptedOutMark />}</td>
      <td class="time" data-label={texts.contacts.created}>{formatTime(contact.createTime)}</td>
    </tr>
  );
}

function FirstValue({ values }: { values: string[] }) {
  if (values.length === 0) return null;
  return (
    <>
      <Isolated text={values[0] ?? ""} />
      {values.length > 1 && <small> {texts.contacts.more(formatNumber(values.length - 1))}</small>}
    </>
  );
}

function SortHeading({ name, text, sorting, onSort }: { name: Sorting["sortBy"]; text: string; sorting: Sorting; onSort: (sorting: Sorting) => void }) {
  const isSorted = sorting.sortBy === name;
  const isAscending = isSorted && sorting.sortOrder === "asc";
  return (
    <th scope="col" aria-sort={isSorted ? (isAscending ? "ascending" : "descending") : "none"}>
      <button type="button" class="sort" onClick={() => onSort({ sortBy: name, sortOrder: isAscending ? "desc" : "asc" })}>
        {text} <span aria-hidden="true">{isSorted ? (isAscending ? "▲" : "▼") : "↕"}</span>
      </button>
    </th>
  );
}

function changedSelection(selection: Selection, changed: Contact[], isSelected: boolean): Selection {
  const result = new Map(selection);
  for (const contact of changed) {
    if (isSelected) result.set(contact.id, contact.name);
    else result.delete(contact.id);
  }
  return result;
}
