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
import java.time.Duration;
import java.util.Map;
import keystead.client.types.UserError;

/** Sends what DGS generated to a server. */
final class Keystead {
  // Answers of later servers can be read: what is new in them is null.
  private static final ObjectMapper json = new ObjectMapper()
      .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
      .configure(DeserializationFeature.FAIL_ON_INVALID_SUBTYPE, false)
      .configure(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL, true);
  private final HttpClient http = HttpClient.newHttpClient();
  private final URI endpoint;
  private final String token;

  /** Keystead refused. */
  static final class Refused extends Exception {
    /** An error that the caller can act on: a member of the union of the result. Null if nothing was answered. */
    final UserError error;

    Refused(UserError error, String message) {
      super(message);
      this.error = error;
    }
  }

  Keystead(String url, String token) {
    this.endpoint = URI.create(url + "/graphql");
    this.token = token;
  }

  /** Sends a mutation, and gives its payload. The input goes as a variable: a document has at most 20,000 characters. */
  <Result, Payload extends Result> Payload mutate(
      GraphQLQuery query, BaseProjectionNode projection, Object input, Class<Result> type, Class<Payload> payload)
      throws Exception {
    Result result = json.treeToValue(send(query, projection, Map.of("input", input)), type);
    if (payload.isInstance(result)) return payload.cast(result);
    if (result instanceof UserError error) {
      throw new Refused(error, error.getClass().getSimpleName() + ": " + error.getMessage());
    }
    throw new Refused(null, "The result is of a type that this client does not know.");
  }

  /** Sends a query. */
  <T> T ask(GraphQLQuery query, BaseProjectionNode projection, Class<T> type) throws Exception {
    return json.treeToValue(send(query, projection, Map.of()), type);
  }

  private JsonNode send(GraphQLQuery query, BaseProjectionNode projection, Map<String, ?> variables)
      throws IOException, InterruptedException, Refused {
    var document = new GraphQLQueryRequest(query, projection).serialize();
    var request = HttpRequest.newBuilder(endpoint)
        .timeout(Duration.ofSeconds(30))
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(
            Map.of("query", document, "variables", variables))))
        .build();
    var answer = json.readTree(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    // Nothing was answered: no token, no role, too many requests …
    var error = answer.at("/errors/0");
    if (!error.isMissingNode()) {
      throw new Refused(null, error.at("/extensions/code").asText() + ": " + error.at("/message").asText());
    }
    return answer.at("/data/" + query.getOperationName());
  }
}
