import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.Map;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Iceberg's REST catalog on loopback: tables are kept in memory, their files in S3. Arguments: the port (0 for a free one),
 * the warehouse, S3's endpoint. The environment has AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and CATALOG_TOKEN,
 * which every request has to bear. Prints "ready" and the port when it serves.
 */
public class IcebergCatalog {
  public static void main(String[] arguments) throws Exception {
    InMemoryCatalog catalog = new InMemoryCatalog();
    catalog.initialize(
        "tests",
        Map.of(
            "warehouse", arguments[1],
            "io-impl", "org.apache.iceberg.aws.s3.S3FileIO",
            "s3.endpoint", arguments[2],
            "s3.path-style-access", "true",
            "s3.access-key-id", System.getenv("AWS_ACCESS_KEY_ID"),
            "s3.secret-access-key", System.getenv("AWS_SECRET_ACCESS_KEY"),
            "client.region", System.getenv("AWS_REGION")));
    ServletContextHandler context = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    context.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTCatalogAdapter(catalog))), "/*");
    Filter bearers = new OnlyBearers("Bearer " + System.getenv("CATALOG_TOKEN"));
    context.addFilter(new FilterHolder(bearers), "/*", EnumSet.of(DispatcherType.REQUEST));
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
    server.setHandler(context);
    server.start();
    System.out.println("ready " + ((ServerConnector) server.getConnectors()[0]).getLocalPort());
    server.join();
  }

  /** The catalog's servlet looks at no token. */
  private record OnlyBearers(String authorization) implements Filter {
    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      if (authorization.equals(((HttpServletRequest) request).getHeader("Authorization"))) {
        chain.doFilter(request, response);
        return;
      }
      HttpServletResponse answer = (HttpServletResponse) response;
      answer.setStatus(401);
      answer.setContentType("application/json");
      String error = "{\"message\":\"Not authorized\",\"type\":\"NotAuthorizedException\",\"code\":401}";
      answer.getWriter().write("{\"error\":" + error + "}");
    }
  }
}
