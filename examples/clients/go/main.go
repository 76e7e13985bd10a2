// Asks a server which digit is in a picture, over gRPC:  go run . [HOST:PORT]
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"slipway.dev/examples/clients/inference"
)

func main() {
	server := "127.0.0.1:8080"
	if len(os.Args) > 1 {
		server = os.Args[1]
	}
	// Clear text; for a server with TLS, credentials.NewTLS(nil) instead.
	connection, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	digit, score, err := classify(inference.NewGRPCInferenceServiceClient(connection), drawOne())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("digit %d, %.1f%% sure\n", digit, 100*score)
}

// drawOne is a one, drawn by hand: 28 by 28 numbers from 0 (black) to 1 (white), row by row.
func drawOne() []float32 {
	picture := make([]float32, 28*28)
	for y := 4; y < 24; y++ {
		picture[28*y+13], picture[28*y+14] = 1, 1
	}
	return picture
}

// classify returns the best of the ten digits, and its score.
func classify(client inference.GRPCInferenceServiceClient, picture []float32) (int, float32, error) {
	// Nobody waits longer than this: the server then stops working on it, too.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	// The server knows what its model is called from the outside.
	model, err := client.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: "mnist"})
	if err != nil {
		return 0, 0, err
	}
	// The tensor goes as raw little-endian bytes.
	answer, err := client.ModelInfer(ctx, &inference.ModelInferRequest{
		ModelName: "mnist",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{Name: model.Inputs[0].Name, Datatype: "FP32", Shape: []int64{1, 28, 28, 1}},
		},
		RawInputContents: [][]byte{toBytes(picture)},
	})
	if err != nil {
		return 0, 0, err
	}
	scores := toFloats(answer.RawOutputContents[0]) // one for each digit
	best := 0
	for digit := range scores {
		if scores[digit] > scores[best] {
			best = digit
		}
	}
	return best, scores[best], nil
}

func toBytes(values []float32) []byte {
	bytes := make([]byte, 0, 4*len(values))
	for _, value := range values {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(value))
	}
	return bytes
}

func toFloats(bytes []byte) []float32 {
	values := make([]float32, len(bytes)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
	}
	return values
}
