// Uses Keystead from Go, with types that genqlient made: client [ENVELOPE]
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/Khan/genqlient/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"keystead.example/client/generated"
)

type authorized struct{ token string }

func (a authorized) Do(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", "Bearer "+a.token)
	return http.DefaultClient.Do(request)
}

var keystead = graphql.NewClient(os.Getenv("KEYSTEAD_URL")+"/graphql", authorized{os.Getenv("KEYSTEAD_TOKEN")})

// refused is an error that the caller can act on: a member of a result's union other than its payload.
type refused struct {
	generated.ErrorCode
	message string
}

func (r refused) Error() string { return string(r.ErrorCode) + ": " + r.message }

// payloadOf gives the payload of a result, or its error.
func payloadOf[Payload, Result any](result *Result, err error) (payload Payload, _ error) {
	if err != nil {
		// Nothing was answered: no token, no role, too many requests, no connection …
		var list gqlerror.List
		if errors.As(err, &list) {
			return payload, fmt.Errorf("%v: %s", list[0].Extensions["code"], list[0].Message)
		}
		return payload, err
	}
	switch member := any(*result).(type) {
	case Payload:
		return member, nil
	case interface {
		GetCode() generated.ErrorCode
		GetMessage() string
	}:
		return payload, refused{member.GetCode(), member.GetMessage()}
	default:
		return payload, fmt.Errorf("unexpected %T", member)
	}
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if err := encryptAndDecrypt(ctx); err != nil {
		return err
	}
	if err := signAndVerify(ctx); err != nil {
		return err
	}
	if err := listKeys(ctx); err != nil {
		return err
	}
	if len(arguments) == 0 {
		return nil
	}
	envelope, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	unwrap := func(keyID string, wrapped []byte) ([]byte, error) {
		input := generated.DecryptInput{Key: &keyID, Ciphertext: wrapped, Context: pairs("purpose", "examples")}
		opened, err := decrypt(ctx, &input)
		if err != nil {
			return nil, err
		}
		return opened.Plaintext, nil
	}
	content, err := openEnvelope(envelope, unwrap, []byte("records/7"))
	if err != nil {
		return err
	}
	fmt.Printf("envelope: %x\n", sha256.Sum256(content))
	return nil
}

// findOrCreate makes sure that name stands for a key in all calls.
func findOrCreate(ctx context.Context, input *generated.CreateUserKeyInput) error {
	created, err := generated.CreateUserKey(ctx, keystead, input)
	_, err = payloadOf[*generated.CreateUserKeyCreateUserKeyCreateUserKeyPayload](created.GetCreateUserKey(), err)
	var refusal refused
	if errors.As(err, &refusal) && refusal.ErrorCode == generated.ErrorCodeNameTaken {
		return nil
	}
	return err
}

func decrypt(ctx context.Context, input *generated.DecryptInput) (*generated.DecryptDecryptDecryptPayload, error) {
	decrypted, err := generated.Decrypt(ctx, keystead, input)
	return payloadOf[*generated.DecryptDecryptDecryptPayload](decrypted.GetDecrypt(), err)
}

func pairs(name, value string) []*generated.EncryptionContextPairInput {
	return []*generated.EncryptionContextPairInput{{Name: name, Value: value}}
}

func encryptAndDecrypt(ctx context.Context) error {
	if err := findOrCreate(ctx, &generated.CreateUserKeyInput{Name: "go-orders"}); err != nil {
		return err
	}
	plaintext := []byte("ten pounds of tea")
	input := generated.EncryptInput{Key: "go-orders", Plaintext: plaintext, Context: pairs("order", "42")}
	encrypted, err := generated.Encrypt(ctx, keystead, &input)
	sealed, err := payloadOf[*generated.EncryptEncryptEncryptPayload](encrypted.GetEncrypt(), err)
	if err != nil {
		return err
	}
	opened, err := decrypt(ctx, &generated.DecryptInput{Ciphertext: sealed.Ciphertext, Context: pairs("order", "42")})
	if err != nil {
		return err
	}
	fmt.Println("decrypted:", string(opened.Plaintext))

	_, err = decrypt(ctx, &generated.DecryptInput{Ciphertext: sealed.Ciphertext, Context: pairs("order", "43")})
	var refusal refused
	if !errors.As(err, &refusal) {
		return fmt.Errorf("decrypted with another context: %w", err)
	}
	fmt.Println("another context:", refusal.ErrorCode)
	return nil
}

func signAndVerify(ctx context.Context) error {
	usage, algorithm := generated.KeyUsageSignVerify, generated.KeyAlgorithmEd25519
	key := generated.CreateUserKeyInput{Name: "go-signer", Usage: &usage, Algorithm: &algorithm}
	if err := findOrCreate(ctx, &key); err != nil {
		return err
	}
	message := []byte("I owe you ten pounds of tea")
	result, err := generated.Sign(ctx, keystead, &generated.SignInput{Key: "go-signer", Message: message})
	signed, err := payloadOf[*generated.SignSignSignPayload](result.GetSign(), err)
	if err != nil {
		return err
	}
	version := &generated.KeyVersionRef{Key: &signed.KeyId, Number: &signed.VersionNumber}
	for _, said := range [][]byte{message, []byte("I owe you nothing")} {
		input := generated.VerifyInput{Version: version, Message: said, Signature: signed.Signature}
		result, err := generated.Verify(ctx, keystead, &input)
		verified, err := payloadOf[*generated.VerifyVerifyVerifyPayload](result.GetVerify(), err)
		if err != nil {
			return err
		}
		fmt.Println("valid:", verified.Valid)
	}
	return nil
}

func listKeys(ctx context.Context) error {
	first, prefix := 1, "go-"
	names := []string{}
	for after := (*string)(nil); ; {
		page, err := generated.UserKeys(ctx, keystead, &first, after, &generated.UserKeyFilter{NamePrefix: &prefix})
		if err != nil {
			return err
		}
		for _, key := range page.UserKeys.Nodes {
			names = append(names, key.Name)
		}
		if !page.UserKeys.PageInfo.HasNextPage {
			fmt.Println("keys:", strings.Join(names, " "))
			return nil
		}
		after = page.UserKeys.PageInfo.EndCursor
	}
}
