// An unmodified AWS SDK for Go v2 against a server.
//
//	usage: go-story ENDPOINT PROTOCOL CERTIFICATES
//
// PROTOCOL is what has to be spoken, HTTP/1.1 or HTTP/2.0; CERTIFICATES a PEM file that vouches for the server.
// Exits non-zero, saying which step failed.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const patience = time.Minute

func main() {
	endpoint, protocol, certificates := os.Args[1], os.Args[2], os.Args[3]
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	watch := newTransport(endpoint, protocol, certificates)
	config := aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("123456789012", "secret", ""),
		HTTPClient:   watch,
		// A shard is read five times a second and the story more often: the SDK waits and asks again.
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(options *retry.StandardOptions) {
				options.MaxAttempts, options.MaxBackoff = 20, 500*time.Millisecond
			})
		},
	}
	story := story{ctx: ctx, client: kinesis.NewFromConfig(config), stream: "go-" + strings.NewReplacer("/", "-", ".", "-").Replace(protocol)}
	story.createAndList()
	story.putAndGet()
	story.subscribe()
	story.reshard()
	story.errors()
	story.delete()
	neighbours(ctx, config, story.stream)
	check(len(watch.protocols) == 1 && watch.protocols[protocol] > 0, "spoke %v and not %s", watch.protocols, protocol)
	fmt.Println("go story passed")
}

// transport is the SDK's own HTTP client; it notes which protocol was spoken.
type transport struct {
	inner     *awshttp.BuildableClient
	protocols map[string]int
}

func newTransport(endpoint, protocol, certificates string) *transport {
	pem, err := os.ReadFile(certificates)
	must(err)
	roots := x509.NewCertPool()
	check(roots.AppendCertsFromPEM(pem), "no certificate in %s", certificates)
	inner := awshttp.NewBuildableClient().WithTransportOptions(func(options *http.Transport) {
		options.TLSClientConfig = &tls.Config{RootCAs: roots}
		// Over TLS the SDK takes HTTP/2 by ALPN as it is; the other ways have to be asked for.
		if protocol == "HTTP/1.1" {
			options.ForceAttemptHTTP2 = false
			options.Protocols = new(http.Protocols)
			options.Protocols.SetHTTP1(true)
		} else if strings.HasPrefix(endpoint, "http:") {
			options.Protocols = new(http.Protocols)
			options.Protocols.SetUnencryptedHTTP2(true)
		}
	})
	return &transport{inner: inner, protocols: map[string]int{}}
}

func (t *transport) Do(request *http.Request) (*http.Response, error) {
	response, err := t.inner.Do(request)
	if err == nil {
		t.protocols[response.Proto]++
	}
	return response, err
}

// must ends the story when a call failed that should not.
func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func check(holds bool, format string, values ...any) {
	if !holds {
		fail(format, values...)
	}
}

func fail(format string, values ...any) {
	panic(fmt.Sprintf(format, values...))
}

// refused checks an error's type and message, as a program that handles errors sees them.
func refused[E error](err error, message string) {
	var wanted E
	check(errors.As(err, &wanted), "%T expected, got %v", wanted, err)
	check(strings.Contains(err.Error(), message), "%q expected in %q", message, err)
}

// until polls a condition; the context of the story bounds it.
func until(ctx context.Context, what string, condition func() bool) {
	for !condition() {
		check(ctx.Err() == nil, "gave up waiting for %s", what)
		time.Sleep(20 * time.Millisecond)
	}
}
