package example;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.netflix.graphql.dgs.client.codegen.BaseProjectionNode;
import com.netflix.graphql.dgs.client.codegen.GraphQLQuery;
import com.netflix.graphql.dgs.client.codegen.GraphQLQueryRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import keystead.client.client.*;
import keystead.client.types.*;

/** Encrypts, meets errors and lists pages, with types that the code generator of DGS made. */
public final class Client {
  // Answers of later servers can be read: what is new in them is null.
  private static final ObjectMapper json = new ObjectMapper()
      .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
      .configure(DeserializationFeature.FAIL_ON_INVALID_SUBTYPE, false)
      .configure(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL, true);
  private static final HttpClient http = HttpClient.newHttpClient();
  private final String token;

  private Client(String token) {
    this.token = System.getenv(token);
  }

  public static void main(String[] arguments) throws Exception {
    var owner = new Client("OWNER_TOKEN");
    var stranger = new Client("STRANGER_TOKEN");

    for (int number = 1; number <= 3; number++) {
      var created = owner.create("java-" + number);
      check(created instanceof CreateUserKeyPayload, created);
      check(("java-" + number).equals(((CreateUserKeyPayload) created).getUserKey().getName()), created);
    }

    // Bytes there and back.
    String plaintext = base64("four score and seven".getBytes(StandardCharsets.UTF_8));
    check(owner.encrypt("java-1", plaintext) instanceof EncryptPayload payload
        && payload.getVersionNumber() == 1
        && owner.decrypt(payload.getCiphertext()) instanceof DecryptPayload opened
        && plaintext.equals(opened.getPlaintext()), "there and back");

    // Errors that the caller can act on have types.
    var again = owner.create("java-1");
    check(again instanceof NameTakenError taken && taken.getCode() == ErrorCode.NAME_TAKEN, again);
    var refused = stranger.encrypt("java-1", plaintext);
    check(refused instanceof ForbiddenError, refused);
    var listing = stranger.send(pageOf(null, null), projectionOfPages(), Map.of());
    check("FORBIDDEN".equals(listing.at("/errors/0/extensions/code").asText()), listing);

    // Pages.
    List<String> names = new ArrayList<>();
    for (String after = null; ; ) {
      var keys = owner.ask(pageOf(2, after), projectionOfPages(), UserKeyConnection.class, Map.of());
      keys.getNodes().forEach(key -> names.add(key.getName()));
      if (!keys.getPageInfo().getHasNextPage()) break;
      after = keys.getPageInfo().getEndCursor();
    }
    check(names.equals(List.of("java-3", "java-2", "java-1")), names);

    // DGS puts inputs into the document, which may have 20,000 characters. A variable has no such limit.
    String large = base64(new byte[16_000]);
    var asLiteral = owner.send(encryption("java-1", large), projectionOfEncryption(), Map.of());
    check(asLiteral.at("/errors/0/message").asText().contains("Pass data in variables"), asLiteral);
    var byVariable = EncryptGraphQLQuery.newRequest().queryName("Encrypt").inputReference("input").build();
    var input = Map.of("input", Map.of("key", "java-1", "plaintext", large));
    var sealed = owner.ask(byVariable, projectionOfEncryption(), EncryptResult.class, input);
    check(sealed instanceof EncryptPayload, sealed);

    System.out.println("DGS: done");
  }

  private CreateUserKeyResult create(String name) throws Exception {
    var input = CreateUserKeyInput.newBuilder().name(name).build();
    var projection = new CreateUserKeyProjectionRoot<>().__typename();
    projection.onCreateUserKeyPayload().userKey().id().name();
    projection.onNameTakenError().name().code();
    projection.onForbiddenError().message();
    var query = CreateUserKeyGraphQLQuery.newRequest().input(input).build();
    return ask(query, projection, CreateUserKeyResult.class, Map.of());
  }

  private static GraphQLQuery encryption(String key, String plaintext) {
    var input = EncryptInput.newBuilder().key(key).plaintext(plaintext).build();
    return EncryptGraphQLQuery.newRequest().input(input).build();
  }

  private static BaseProjectionNode projectionOfEncryption() {
    var projection = new EncryptProjectionRoot<>().__typename();
    projection.onEncryptPayload().ciphertext().versionNumber();
    projection.onForbiddenError().message();
    return projection;
  }

  private EncryptResult encrypt(String key, String plaintext) throws Exception {
    return ask(encryption(key, plaintext), projectionOfEncryption(), EncryptResult.class, Map.of());
  }

  private DecryptResult decrypt(String ciphertext) throws Exception {
    var projection = new DecryptProjectionRoot<>().__typename();
    projection.onDecryptPayload().plaintext();
    var input = DecryptInput.newBuilder().ciphertext(ciphertext).build();
    var query = DecryptGraphQLQuery.newRequest().input(input).build();
    return ask(query, projection, DecryptResult.class, Map.of());
  }

  private static GraphQLQuery pageOf(Integer first, String after) {
    var filter = UserKeyFilter.newBuilder().namePrefix("java-").build();
    return UserKeysGraphQLQuery.newRequest().first(first).after(after).filter(filter).build();
  }

  private static BaseProjectionNode projectionOfPages() {
    var projection = new UserKeysProjectionRoot<>();
    projection.nodes().id().name().status();
    projection.pageInfo().hasNextPage().endCursor();
    return projection;
  }

  private <T> T ask(GraphQLQuery query, BaseProjectionNode projection, Class<T> type, Map<String, ?> variables)
      throws Exception {
    var answer = send(query, projection, variables);
    check(!answer.has("errors"), answer);
    return json.treeToValue(answer.at("/data/" + query.getOperationName()), type);
  }

  private JsonNode send(GraphQLQuery query, BaseProjectionNode projection, Map<String, ?> variables)
      throws IOException, InterruptedException {
    var document = new GraphQLQueryRequest(query, projection).serialize();
    var body = json.writeValueAsString(Map.of("query", document, "variables", variables));
    var request = HttpRequest.newBuilder(URI.create(System.getenv("KEYSTEAD_URL") + "/graphql"))
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
    return json.readTree(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static void check(boolean holds, Object shown) {
    if (!holds) throw new AssertionError(shown);
  }
}
