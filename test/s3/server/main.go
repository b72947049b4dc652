// A real S3 server for the tests, over a folder: the Versity S3 gateway (Apache-2.0). It checks signatures and
// permissions, and knows multipart uploads and conditional requests.
package main

import (
	"context"
	"flag"
	"log"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	address := flag.String("address", "", "where to listen, such as 127.0.0.1:9000")
	folder := flag.String("folder", "", "a folder with the folders buckets and accounts")
	copyLimit := flag.Int64("copy-limit", 5<<30, "the largest object that is copied, in bytes")
	certificate := flag.String("certificate", "", "for TLS: the file of the server's certificate")
	key := flag.String("key", "", "for TLS: the file of its key")
	flag.Parse()
	backend, err := open(*folder+"/buckets", *copyLimit)
	if err != nil {
		log.Fatal(err)
	}
	err = embedgw.RunVersityGW(context.Background(), backend, &embedgw.Config{
		RootUserAccess:    os.Getenv("S3_ROOT_ACCESS_KEY"),
		RootUserSecret:    os.Getenv("S3_ROOT_SECRET_KEY"),
		Ports:             []string{*address},
		CertFile:          *certificate,
		KeyFile:           *key,
		IAMDir:            *folder + "/accounts",
		IAMCacheDisable:   true,
		HealthPath:        "/healthz",
		KeepAlive:         true,
		MaxConnections:    1000,
		MaxRequests:       1000,
		MultipartMaxParts: 10000,
		Quiet:             true,
	})
	if err != nil {
		log.Fatal(err)
	}
}

func open(buckets string, copyLimit int64) (*posix.Posix, error) {
	// In extended attributes: metadata in files of their own would outlive an object that is written over.
	store := meta.XattrMeta{}
	if err := store.Test(buckets); err != nil {
		return nil, err
	}
	return posix.New(buckets, store, posix.PosixOpts{CopyObjectThreshold: copyLimit})
}
