import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { dataType } from './data-types.ts';
import { nodeDevice } from './device.ts';
import type { Device } from '../tensorflow.ts';
import type { Graph } from './graph.ts';
import type { AttributeKind, OpDefinition } from './op-definition.ts';
import { operations as opTable } from './ops/index.ts';
import type { AttributeValue, Operation, Shape, Tensor } from './tensor.ts';
import { isValues } from './tensor.ts';

/** The tag under which the graph is stored and loaded. */
export const savedModelTag = 'train';

/** A graph-definition version from which on TensorFlow knows every operation in the table. */
const graphVersion = { producer: 1482, minimumConsumer: 12 };

type Message = (writer: BinaryWriter) => void;

/**
 * A graph as `saved_model.pb`. Field numbers are those of TensorFlow's `saved_model.proto`, `meta_graph.proto`,
 * `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto` and `tensor_shape.proto`.
 */
export function encodeSavedModel(graph: Graph, device: Device): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(1);
  message(writer, 2, (metaGraph) => {
    message(metaGraph, 1, (info) => text(info, 4, savedModelTag));
    message(metaGraph, 2, (graphDef) => writeGraph(graphDef, graph, device));
  });
  return writer.finish();
}

/** `name` or `name:1`, as node inputs and session fetches refer to a tensor. */
export function tensorName({ operation, index }: Tensor): string {
  return index === 0 ? operation.name : `${operation.name}:${index}`;
}

function writeGraph(writer: BinaryWriter, graph: Graph, device: Device): void {
  for (const operation of graph.operations) {
    message(writer, 1, (node) => writeNode(node, operation, device));
  }
  message(writer, 4, (versions) => {
    versions.tag(1, WireType.Varint).int32(graphVersion.producer);
    versions.tag(2, WireType.Varint).int32(graphVersion.minimumConsumer);
  });
}

function writeNode(writer: BinaryWriter, operation: Operation, device: Device): void {
  const definition: OpDefinition = opTable[operation.op];
  text(writer, 1, operation.name);
  text(writer, 2, operation.op);
  for (const input of operation.inputs) text(writer, 3, tensorName(input));
  for (const { name } of new Set(operation.after)) text(writer, 3, `^${name}`);
  const placed = nodeDevice(operation, device);
  if (placed !== undefined) text(writer, 4, placed);
  for (const [name, value] of Object.entries(operation.attributes)) {
    const kind = definition.attributes[name]?.kind;
    if (kind === undefined || !isNodeAttribute(operation, name)) continue;
    message(writer, 5, (entry) => {
      text(entry, 1, name);
      message(entry, 2, (attribute) => writeAttribute(attribute, kind, { value, operation }));
    });
  }
}

/** The shape of a constant or of a read is known to us only; TensorFlow's ops have no such attribute. */
export function isNodeAttribute({ op }: Operation, name: string): boolean {
  return !(name === 'shape' && ['Const', 'ReadVariableOp', 'ResourceGather'].includes(op));
}

function writeAttribute(
  writer: BinaryWriter,
  kind: AttributeKind,
  { value, operation }: { value: AttributeValue; operation: Operation },
): void {
  switch (kind) {
    case 'string':
      return text(writer, 2, String(value));
    case 'int':
      return void writer.tag(3, WireType.Varint).int64(Number(value));
    case 'float':
      return void writer.tag(4, WireType.Bit32).float(Number(value));
    case 'bool':
      return void writer.tag(5, WireType.Varint).bool(value === true);
    case 'type':
      return void writer.tag(6, WireType.Varint).int32(dataType(value));
    case 'shape':
      return message(writer, 7, (shape) => writeShape(shape, numbers(value)));
    case 'ints':
      return message(writer, 1, (list) =>
        message(list, 3, (packed) => numbers(value).forEach((n) => packed.int64(n))),
      );
    case 'tensor':
      return message(writer, 8, (tensor) => writeConstant(tensor, operation));
  }
}

function writeConstant(writer: BinaryWriter, { attributes, outputs }: Operation): void {
  const { value } = attributes;
  if (!isValues(value)) return;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  writer.tag(1, WireType.Varint).int32(dataType(attributes['dtype']));
  message(writer, 2, (shape) => writeShape(shape, outputs[0]?.shape ?? []));
  writer.tag(4, WireType.LengthDelimited).bytes(bytes);
}

function writeShape(writer: BinaryWriter, shape: Shape): void {
  for (const side of shape) message(writer, 2, (dimension) => dimension.tag(1, WireType.Varint).int64(side));
}

function numbers(value: AttributeValue): readonly number[] {
  return Array.isArray(value) ? value : [];
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: Message): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
