import { Ternary } from '../ternary.ts';
import type { MeshConnection } from './connection.ts';

/** Whether an attribute of the connection has one of the values. */
export type AttributeTest = (connection: MeshConnection) => Ternary;

/** What the attribute tells of: what must be known to judge it. */
export type AttributeTopic = 'identity' | 'address' | 'port' | 'request' | 'token' | 'other';

/** Names in the policies that the tests compare with. */
export interface AttributeContext {
  /** Of the policy: where service accounts without a namespace are. */
  readonly namespace: string;
  readonly trustDomain: string;
}

/** One attribute that rules can ask for. */
export interface Attribute {
  readonly topic: AttributeTopic;
  /** Whether it exists for HTTP only: rules that ask for it on a TCP port are cut or dropped. */
  readonly httpOnly: boolean;
  /** Whether ztunnel can judge it. */
  readonly layer4: boolean;
  /** Returns the test for a list of values, or what is wrong with one of them. */
  compile(values: readonly string[], context: AttributeContext): AttributeTest | string;
}

export type Compile = Attribute['compile'];

/** Returns Yes or No. */
export const yesIf = (holds: boolean): Ternary => (holds ? Ternary.Yes : Ternary.No);
