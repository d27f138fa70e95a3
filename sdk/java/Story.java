import com.fasterxml.jackson.core.JsonProcessingException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import panal.ApiClient;
import panal.ApiException;
import panal.api.CustomerTemplatesApi;
import panal.api.CustomersApi;
import panal.api.InvoicesApi;
import panal.model.Address;
import panal.model.CreateCustomerRequest;
import panal.model.CreateInvoiceRequest;
import panal.model.Customer;
import panal.model.CustomerList;
import panal.model.CustomerSortField;
import panal.model.ErrorCode;
import panal.model.ErrorDetail;
import panal.model.ErrorDetails;
import panal.model.ErrorEnvelope;
import panal.model.Invoice;
import panal.model.InvoiceLineRequest;
import panal.model.InvoiceStatus;
import panal.model.InvoiceTotals;
import panal.model.InvoiceType;
import panal.model.Pagination;
import panal.model.Recipient;
import panal.model.SortOrder;
import panal.model.TaxInfo;
import panal.model.TaxType;

/** The story, told by the generated client; every step builds on those before it. */
public final class Story {
    private static final ApiClient CLIENT = clientWithKey(System.getenv("PANAL_KEY"));
    private static final CustomersApi CUSTOMERS = new CustomersApi(CLIENT);
    private static final InvoicesApi INVOICES = new InvoicesApi(CLIENT);

    public static void main(String[] arguments) throws Exception {
        wrongKeyIsRefusedWithATypedCode();
        Customer customer = createdCustomerComesBackTyped();
        filtersOrderAndPageAreParameters(customer.getId());
        Invoice invoice = totalsAreExact(customer.getId());
        refusedDeactivationNamesItsBlockers(customer.getId(), invoice.getId());
        withoutTheDraftTheCustomerGoes(customer.getId(), invoice.getId());
        taxNumberIsFreeAgain(customer.getId());
        repetitionHasNoEffectAndSaysSo();
        faultsAreReadableByField();
        fileComesAsItIs();
    }

    private static void wrongKeyIsRefusedWithATypedCode() throws Exception {
        CustomersApi stranger = new CustomersApi(clientWithKey("beel_sk_test_wrong"));
        refused(401, ErrorCode.UNAUTHORIZED,
                () -> stranger.listCustomers(null, null, null, null, null, null, null, null, null, null, null, null));
    }

    private static Customer createdCustomerComesBackTyped() throws ApiException {
        Customer customer = CUSTOMERS.createCustomer(nandu(), null).getData();
        equal("Panadería Ñandú S.L.", customer.getLegalName());
        equal(new BigDecimal("5.5"), customer.getGeneralDiscount());
        equal(null, customer.getAlternativeId());
        equal(true, customer.getActive());
        equal("ES", customer.getAddress().getCountryCode());
        return customer;
    }

    private static void filtersOrderAndPageAreParameters(UUID customer) throws ApiException {
        CustomerList list = CUSTOMERS.listCustomers(null, 5, true, "nandu", null, null, null, null, null, null,
                CustomerSortField.CREATED_AT, SortOrder.DESC).getData();
        equal(List.of(customer), list.getCustomers().stream().map(Customer::getId).toList());
        equal(new Pagination().currentPage(1).totalPages(1L).totalItems(1L).itemsPerPage(5).hasNext(false).hasPrevious(false),
                list.getPagination());
    }

    private static Invoice totalsAreExact(UUID customer) throws ApiException {
        Invoice invoice = INVOICES.createInvoice(new CreateInvoiceRequest()
                .type(InvoiceType.STANDARD)
                .recipient(new Recipient().customerId(customer))
                .addLinesItem(new InvoiceLineRequest()
                        .description("Pan de molde").quantity(new BigDecimal("3.333")).unitPrice(new BigDecimal("0.1234"))
                        .mainTax(new TaxInfo().type(TaxType.IVA).percentage(new BigDecimal("4")))), null).getData();
        equal(InvoiceStatus.DRAFT, invoice.getStatus());
        equal(null, invoice.getInvoiceNumber());
        equal(new BigDecimal("0.1234"), invoice.getLines().get(0).getUnitPrice());
        InvoiceTotals totals = invoice.getTotals();
        equal(new BigDecimal("0.41"), totals.getTaxableBase());
        equal(new BigDecimal("0.02"), totals.getTotalVat());
        equal(new BigDecimal("0.43"), totals.getInvoiceTotal());
        return invoice;
    }

    private static void refusedDeactivationNamesItsBlockers(UUID customer, UUID invoice) throws Exception {
        ErrorDetails details = refused(400, ErrorCode.CLIENT_HAS_INVOICES,
                () -> CUSTOMERS.deactivateCustomer(customer, null)).getDetails();
        equal(1L, details.getInvoiceCount());
        equal(invoice, details.getInvoices().get(0).getId());
        equal(InvoiceStatus.DRAFT, details.getInvoices().get(0).getStatus());
        equal(false, details.getHint().isEmpty());
    }

    private static void withoutTheDraftTheCustomerGoes(UUID customer, UUID invoice) throws Exception {
        equal(204, INVOICES.deleteInvoiceWithHttpInfo(invoice).getStatusCode());
        equal(200, CUSTOMERS.deactivateCustomerWithHttpInfo(customer, null).getStatusCode());
        refused(404, ErrorCode.NOT_FOUND, () -> CUSTOMERS.getCustomer(customer, null));
    }

    private static void taxNumberIsFreeAgain(UUID customer) throws ApiException {
        equal(false, CUSTOMERS.createCustomer(nandu(), null).getData().getId().equals(customer));
    }

    private static void repetitionHasNoEffectAndSaysSo() throws ApiException {
        var lucia = new CreateCustomerRequest().legalName("Lucía García Peña").nif("12345678Z").address(address());
        var first = CUSTOMERS.createCustomerWithHttpInfo(lucia, "story-1");
        var second = CUSTOMERS.createCustomerWithHttpInfo(lucia, "story-1");
        equal(first.getData().getData().getId(), second.getData().getData().getId());
        equal(null, first.getHeaders().get("Idempotency-Replay"));
        equal(List.of("true"), second.getHeaders().get("Idempotency-Replay"));
    }

    private static void faultsAreReadableByField() throws Exception {
        var nameless = new CreateCustomerRequest().legalName("").nif("B12345675").address(address());
        ErrorDetails details = refused(422, ErrorCode.VALIDATION_ERROR,
                () -> CUSTOMERS.createCustomer(nameless, null)).getDetails();
        equal(true, details.getAdditionalProperty("legal_name") instanceof String);
        equal(true, details.getAdditionalProperty("nif") instanceof String);
        var mistyped = new CreateCustomerRequest().legalName("Horno S.L.").nif("B12345675").address(address());
        refused(422, ErrorCode.NIF_INVALID_CONTROL_DIGIT, () -> CUSTOMERS.createCustomer(mistyped, null));
    }

    private static void fileComesAsItIs() throws Exception {
        var template = new CustomerTemplatesApi(CLIENT).downloadCustomerTemplateCsv(null).toPath();
        try {
            equal(true, Files.readString(template).startsWith("\uFEFFnombre_fiscal;nif;"));
        } finally {
            Files.delete(template);
        }
    }

    private static CreateCustomerRequest nandu() {
        return new CreateCustomerRequest().legalName("Panadería Ñandú S.L.").nif("B12345674").address(address())
                .generalDiscount(new BigDecimal("5.5"));
    }

    private static Address address() {
        return new Address().street("Calle Mayor").number("12").postalCode("28013").city("Madrid").province("Madrid")
                .country("España");
    }

    private static ApiClient clientWithKey(String key) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("PANAL_URL"));
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
        return client;
    }

    private interface Call {
        void run() throws ApiException;
    }

    /** The error of a refused call; the exception has it as text. */
    private static ErrorDetail refused(int status, ErrorCode code, Call call) throws JsonProcessingException {
        try {
            call.run();
        } catch (ApiException refusal) {
            equal(status, refusal.getCode());
            ErrorDetail error = CLIENT.getObjectMapper().readValue(refusal.getResponseBody(), ErrorEnvelope.class).getError();
            equal(code, error.getCode());
            return error;
        }
        throw new AssertionError("not refused with " + code);
    }

    private static void equal(Object want, Object got) {
        if (!Objects.equals(want, got)) {
            throw new AssertionError("want " + want + ", got " + got);
        }
    }
}
