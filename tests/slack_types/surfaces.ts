// What may be sent where, in the types that Slack publishes: a message, a modal, Home.
//
// `ModalView` and `HomeView` take any object with a `type` as a block. These take the published blocks alone, and of
// them those that Slack shows on that surface. https://docs.slack.dev/reference/block-kit/blocks
import type {
  AlertBlock,
  Block,
  CarouselBlock,
  ContainerBlock,
  ContextActionsBlock,
  DataTableBlock,
  FileBlock,
  HomeView,
  KnownBlock,
  MarkdownBlock,
  ModalView,
  PlanBlock,
  TableBlock,
  TaskCardBlock,
} from "@slack/types";

export interface Message {
  text: string;
  blocks: MessageBlock[];
  unfurl_links: boolean;
  unfurl_media: boolean;
}
export type Modal = Omit<ModalView, "blocks"> & { blocks: ModalBlock[] };
export type Home = Omit<HomeView, "blocks"> & { blocks: HomeBlock[] };

export type MessageBlock = Exclude<KnownBlock, AlertBlock> | DataVisualizationBlock;
export type HomeBlock = Exclude<KnownBlock, AlertBlock | OfMessages> | DataVisualizationBlock;
export type ModalBlock = Exclude<
  KnownBlock,
  OfMessages | CarouselBlock | ContainerBlock | DataTableBlock | TableBlock
>;
type OfMessages = ContextActionsBlock | FileBlock | MarkdownBlock | PlanBlock | TaskCardBlock;

/**
 * Documented since June 2026, and not in @slack/types 3.2.0.
 * https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
 */
export interface DataVisualizationBlock extends Block {
  type: "data_visualization";
  title: string;
  chart: PieChart | SeriesChart;
}

interface PieChart {
  type: "pie";
  segments: DataPoint[];
}

interface SeriesChart {
  type: "bar" | "line" | "area";
  series: { name: string; data: DataPoint[] }[];
  axis_config: { categories: string[]; x_label?: string; y_label?: string };
}

interface DataPoint {
  label: string;
  value: number;
}
