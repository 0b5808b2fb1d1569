// Encrypts, meets errors and lists pages, with types that genqlient made.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/Khan/genqlient/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"keystead.example/client/generated"
)

type authorized struct{ token string }

func (a authorized) Do(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", "Bearer "+a.token)
	return http.DefaultClient.Do(request)
}

func clientOf(token string) graphql.Client {
	return graphql.NewClient(os.Getenv("KEYSTEAD_URL")+"/graphql", authorized{os.Getenv(token)})
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("genqlient: done")
}

func run(ctx context.Context) error {
	owner, stranger := clientOf("OWNER_TOKEN"), clientOf("STRANGER_TOKEN")

	for number := 1; number <= 3; number++ {
		name := fmt.Sprintf("go-%d", number)
		created, err := generated.CreateUserKey(ctx, owner, &generated.CreateUserKeyInput{Name: name})
		if err != nil {
			return err
		}
		payload, ok := (*created.CreateUserKey).(*generated.CreateUserKeyCreateUserKeyCreateUserKeyPayload)
		if !ok || payload.UserKey.Name != name || payload.UserKey.CreatedAt.IsZero() {
			return fmt.Errorf("%s was not created: %v", name, *created.CreateUserKey)
		}
	}

	// Bytes there and back; what is not given is sent as null.
	plaintext := []byte("four score and seven")
	encrypted, err := generated.Encrypt(ctx, owner, &generated.EncryptInput{Key: "go-1", Plaintext: plaintext})
	if err != nil {
		return err
	}
	sealed, ok := (*encrypted.Encrypt).(*generated.EncryptEncryptEncryptPayload)
	if !ok || sealed.VersionNumber != 1 {
		return fmt.Errorf("not encrypted: %v", *encrypted.Encrypt)
	}
	decrypted, err := generated.Decrypt(ctx, owner, &generated.DecryptInput{Ciphertext: sealed.Ciphertext})
	if err != nil {
		return err
	}
	opened, ok := (*decrypted.Decrypt).(*generated.DecryptDecryptDecryptPayload)
	if !ok || !bytes.Equal(opened.Plaintext, plaintext) {
		return fmt.Errorf("not decrypted: %v", *decrypted.Decrypt)
	}

	// Errors that the caller can act on have types.
	again, err := generated.CreateUserKey(ctx, owner, &generated.CreateUserKeyInput{Name: "go-1"})
	if err != nil {
		return err
	}
	taken, ok := (*again.CreateUserKey).(*generated.CreateUserKeyCreateUserKeyNameTakenError)
	if !ok || taken.Name != "go-1" || taken.Code != generated.ErrorCodeNameTaken {
		return fmt.Errorf("no NameTakenError: %v", *again.CreateUserKey)
	}
	refused, err := generated.Encrypt(ctx, stranger, &generated.EncryptInput{Key: "go-1", Plaintext: plaintext})
	if err != nil {
		return err
	}
	if _, ok := (*refused.Encrypt).(*generated.EncryptEncryptForbiddenError); !ok {
		return fmt.Errorf("no ForbiddenError: %v", *refused.Encrypt)
	}
	_, err = generated.UserKeys(ctx, stranger, nil, nil, nil)
	var list gqlerror.List
	if !errors.As(err, &list) || list[0].Extensions["code"] != "FORBIDDEN" {
		return fmt.Errorf("no FORBIDDEN: %v", err)
	}

	// Pages.
	first, prefix := 2, "go-"
	filter := &generated.UserKeyFilter{NamePrefix: &prefix}
	names := []string{}
	for after := (*string)(nil); ; {
		page, err := generated.UserKeys(ctx, owner, &first, after, filter)
		if err != nil {
			return err
		}
		for _, key := range page.UserKeys.Nodes {
			names = append(names, key.Name)
		}
		if page.UserKeys.TotalCount != 3 {
			return fmt.Errorf("%d keys in all", page.UserKeys.TotalCount)
		}
		if !page.UserKeys.PageInfo.HasNextPage {
			break
		}
		after = page.UserKeys.PageInfo.EndCursor
	}
	if fmt.Sprint(names) != "[go-3 go-2 go-1]" {
		return fmt.Errorf("pages of %v", names)
	}
	return nil
}
