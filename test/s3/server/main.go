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
	flag.Parse()
	if err := serve(*address, *folder, *copyLimit); err != nil {
		log.Fatal(err)
	}
}

func serve(address, folder string, copyLimit int64) error {
	// In extended attributes: metadata in files of their own would outlive an object that is written over.
	buckets := folder + "/buckets"
	store := meta.XattrMeta{}
	if err := store.Test(buckets); err != nil {
		return err
	}
	backend, err := posix.New(buckets, store, posix.PosixOpts{CopyObjectThreshold: copyLimit})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(context.Background(), backend, &embedgw.Config{
		RootUserAccess:    os.Getenv("S3_ROOT_ACCESS_KEY"),
		RootUserSecret:    os.Getenv("S3_ROOT_SECRET_KEY"),
		Ports:             []string{address},
		IAMDir:            folder + "/accounts",
		IAMCacheDisable:   true,
		HealthPath:        "/healthz",
		KeepAlive:         true,
		MaxConnections:    1000,
		MaxRequests:       1000,
		MultipartMaxParts: 10000,
		Quiet:             true,
	})
}
