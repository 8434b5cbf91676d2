# The provider as its acceptance tests have it, but for the endpoints.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "endpoint" {
  type = string
}

# Which configuration: the steps of the acceptance tests, side by side.
variable "step" {
  type = number
}

provider "aws" {
  region     = "us-west-2"
  access_key = "123456789012"
  secret_key = "secret"

  skip_metadata_api_check = true

  endpoints {
    kinesis = var.endpoint
    sts     = var.endpoint
    iam     = var.endpoint
  }
}
