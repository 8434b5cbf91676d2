import type { Consumer } from './state.ts';

/** A consumer as the API lists it. */
export function describeConsumer(consumer: Consumer): {
  ConsumerName: string;
  ConsumerARN: string;
  ConsumerStatus: Consumer['status'];
  ConsumerCreationTimestamp: number;
} {
  return {
    ConsumerName: consumer.name,
    ConsumerARN: consumer.arn,
    ConsumerStatus: consumer.status,
    ConsumerCreationTimestamp: Math.floor(consumer.createdMs / 1000) * 1000,
  };
}
