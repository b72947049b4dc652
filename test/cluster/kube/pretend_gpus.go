package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	deviceplugin "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	resourceName  = "nvidia.com/gpu"
	socketName    = "pretend-gpus.sock"
	pollInterval  = 200 * time.Millisecond
	answerTimeout = 10 * time.Second
)

// pretendGPUs is a device plugin of the kubelet, after
// https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/.
// A container that is given devices gets their names in NVIDIA_VISIBLE_DEVICES, as from NVIDIA's plugin.
type pretendGPUs struct {
	deviceplugin.UnimplementedDevicePluginServer
	names []string
	// A file with the names of broken devices, one a line; it may come, change and go at any time.
	unhealthyFile string
}

func runPretendGPUs() {
	flags := flag.NewFlagSet("pretend-gpus", flag.ExitOnError)
	count := flags.Int("count", 4, "number of devices")
	unhealthyFile := flags.String("unhealthy-file", "", "file with the names of broken devices")
	_ = flags.Parse(os.Args[1:])
	plugin := &pretendGPUs{unhealthyFile: *unhealthyFile}
	for index := range *count {
		plugin.names = append(plugin.names, fmt.Sprintf("GPU-pretend-%d", index))
	}
	// The kubelet empties the folder when it starts and forgets its plugins, so they register again.
	for {
		if err := plugin.serveUntilKubeletRestarts(); err != nil {
			log.Printf("%v; trying again", err)
			time.Sleep(pollInterval)
		}
	}
}

func (plugin *pretendGPUs) serveUntilKubeletRestarts() error {
	socket := filepath.Join(deviceplugin.DevicePluginPath, socketName)
	kubelet := waitForKubelet()
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	deviceplugin.RegisterDevicePluginServer(server, plugin)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	if err := register(); err != nil {
		return err
	}
	log.Printf("registered %d devices", len(plugin.names))
	for {
		time.Sleep(pollInterval)
		now, err := os.Stat(deviceplugin.KubeletSocket)
		if err != nil || !now.ModTime().Equal(kubelet.ModTime()) {
			return nil
		}
		if _, err := os.Stat(socket); err != nil {
			return nil
		}
	}
}

func waitForKubelet() os.FileInfo {
	for {
		if socket, err := os.Stat(deviceplugin.KubeletSocket); err == nil {
			return socket
		}
		time.Sleep(pollInterval)
	}
}

func register() error {
	target := "unix://" + deviceplugin.KubeletSocket
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	_, err = deviceplugin.NewRegistrationClient(connection).Register(ctx, &deviceplugin.RegisterRequest{
		Version:      deviceplugin.Version,
		Endpoint:     socketName,
		ResourceName: resourceName,
	})
	return err
}

func (plugin *pretendGPUs) GetDevicePluginOptions(
	context.Context, *deviceplugin.Empty,
) (*deviceplugin.DevicePluginOptions, error) {
	return &deviceplugin.DevicePluginOptions{}, nil
}

func (plugin *pretendGPUs) ListAndWatch(
	_ *deviceplugin.Empty, stream deviceplugin.DevicePlugin_ListAndWatchServer,
) error {
	told := ""
	for {
		if devices := plugin.devices(); devices.String() != told {
			told = devices.String()
			if err := stream.Send(devices); err != nil {
				return err
			}
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-time.After(pollInterval):
		}
	}
}

func (plugin *pretendGPUs) devices() *deviceplugin.ListAndWatchResponse {
	text, _ := os.ReadFile(plugin.unhealthyFile)
	unhealthy := strings.Fields(string(text))
	response := &deviceplugin.ListAndWatchResponse{}
	for _, name := range plugin.names {
		health := deviceplugin.Healthy
		if slices.Contains(unhealthy, name) {
			health = deviceplugin.Unhealthy
		}
		response.Devices = append(response.Devices, &deviceplugin.Device{ID: name, Health: health})
	}
	return response
}

func (plugin *pretendGPUs) Allocate(
	_ context.Context, request *deviceplugin.AllocateRequest,
) (*deviceplugin.AllocateResponse, error) {
	response := &deviceplugin.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		names := strings.Join(container.DevicesIds, ",")
		response.ContainerResponses = append(response.ContainerResponses, &deviceplugin.ContainerAllocateResponse{
			Envs: map[string]string{"NVIDIA_VISIBLE_DEVICES": names},
		})
	}
	return response, nil
}
