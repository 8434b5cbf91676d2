import type { FunctionCode } from '@millrace/model/lambda';
import { invalidParameter } from '../errors.ts';

type Given = Pick<FunctionCode, 'ZipFile' | 'S3Bucket' | 'S3Key' | 'ImageUri'>;

/** The zip of a request. Throws InvalidParameterValueException where the code is to come from elsewhere. */
export function uploadedZip({ ZipFile: zip, S3Bucket, S3Key, ImageUri }: Given): Buffer {
  if (S3Bucket !== undefined || S3Key !== undefined || ImageUri !== undefined)
    throw invalidParameter('Millrace takes code in ZipFile only, neither from S3 nor as an image.');
  if (zip === undefined) throw invalidParameter('Please provide a source for function code.');
  if (zip.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
  return zip;
}
