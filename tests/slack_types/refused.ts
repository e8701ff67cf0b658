// What these types have to refuse. Where one of them takes it after all, `tsc` reports the line as an unused
// expectation: then the check of what is rendered would let it pass too.
import type { Home, Message, Modal } from "./surfaces.js";

const said = { type: "mrkdwn", text: "text" } as const;
const plain = { type: "plain_text", text: "text" } as const;
const line = { type: "section", text: said } as const;
const quiet = { text: "text", unfurl_links: false, unfurl_media: false };

// @ts-expect-error a field that no section has
export const unknownField: Message = { ...quiet, blocks: [{ type: "section", text: said, colour: "red" }] };
// @ts-expect-error a field of the wrong type
export const wrongType: Message = { ...quiet, blocks: [{ type: "section", text: "text" }] };
// @ts-expect-error a header in marks
export const marks: Message = { ...quiet, blocks: [{ type: "header", text: said }] };
// @ts-expect-error a block that there is not
export const unknownBlock: Message = { ...quiet, blocks: [{ type: "marquee", text: said }] };
// @ts-expect-error a style that no button has
export const style: Message = { ...quiet, blocks: [{ type: "actions", elements: [{ type: "button", text: plain, style: "warning" }] }] };
// @ts-expect-error a field that no option has
export const option: Message = { ...quiet, blocks: [{ type: "actions", elements: [{ type: "static_select", options: [{ text: plain, value: "v", colour: "red" }] }] }] };
// @ts-expect-error an alert, which stands in modals alone
export const alert: Message = { ...quiet, blocks: [{ type: "alert", text: plain }] };
// @ts-expect-error buttons of feedback in a frame
export const framed: Message = { ...quiet, blocks: [{ type: "container", title: plain, child_blocks: [{ type: "context_actions", elements: [] }] }] };
// @ts-expect-error a table without a caption
export const table: Message = { ...quiet, blocks: [{ type: "data_table", rows: [[{ type: "raw_text", text: "text" }]] }] };
// @ts-expect-error a number as a text
export const chart: Message = { ...quiet, blocks: [{ type: "data_visualization", title: "text", chart: { type: "pie", segments: [{ label: "text", value: "1" }] } }] };
// @ts-expect-error a message without a text
export const silent: Message = { blocks: [line], unfurl_links: false, unfurl_media: false };
// @ts-expect-error a modal without a title
export const untitled: Modal = { type: "modal", blocks: [line] };
// @ts-expect-error a frame in a modal
export const frame: Modal = { type: "modal", title: plain, blocks: [{ type: "container", title: plain, child_blocks: [line] }] };
// @ts-expect-error a title in a Home
export const titled: Home = { type: "home", title: plain, blocks: [line] };
// @ts-expect-error buttons of feedback on Home
export const feedback: Home = { type: "home", blocks: [{ type: "context_actions", elements: [] }] };
