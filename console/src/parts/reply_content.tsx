import type { Schemas } from "../api/client";
import { formatBytes } from "../format";
import { own } from "../own";
import { Isolated } from "./isolated";
import { texts } from "../texts";

/** What a contact wrote: the text, what it means to us, and the files that came with it. */
export function ReplyContent({ reply }: { reply: Schemas["Reply"] }) {
  return (
    <>
      {reply.keyword && <KeywordMark keyword={reply.keyword} />}
      <p class="text">{reply.message.trim() ? reply.message : <em>{texts.replies.noText}</em>}</p>
      {reply.attachments.length > 0 && (
        <ul class="attachments" aria-label={texts.replies.attachments}>
          {reply.attachments.map((file, index) => <li key={index}><Attachment file={file} /></li>)}
        </ul>
      )}
    </>
  );
}

/** Marks a reply that opts its number out or in, or asks for help. */
export function KeywordMark({ keyword }: { keyword: string }) {
  return <strong class={`keyword keyword-${keyword}`}>{own(texts.replies.keywords, keyword) ?? keyword}</strong>;
}

/** A stranger's file is a link, never shown at once. The browser tells its server nothing about this page. */
function Attachment({ file }: { file: Schemas["ReplyAttachment"] }) {
  const details = [file.contentType ?? texts.replies.types[file.type], file.size === undefined ? "" : formatBytes(file.size)];
  const text = `${file.name ?? texts.replies.types[file.type]} (${details.filter(Boolean).join(", ")})`;
  // An address of another scheme, such as javascript:, is not followed.
  if (!file.url || !/^https?:\/\//i.test(file.url)) return <Isolated text={text} />;
  return <a href={file.url} target="_blank" rel="noopener noreferrer"><Isolated text={text} /></a>;
}
